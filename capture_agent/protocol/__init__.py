"""What the agent beside the camera, the server and a viewer's browser say to each other.

`PROTOCOL.md` beside this file is the whole of it in words. In code:

- `wire`: strict reading and writing of JSON as frozen dataclasses; `ProtocolError`.
- `messages`: the control messages of both websockets, and their close codes.
- `previews`: the binary frames of the live view; `depthcode`: the lossless code of their depth.
- `uploads`: how a shot, and the result of a device check, goes over HTTP.

Everything here is pure: no sockets, no files, no clock. The server knows the agent by this package and by
`capture_agent.k4a`, the format of what is sent, and by nothing else.
"""
