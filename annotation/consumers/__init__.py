"""The websockets of capture: an agent's (`agent`), a viewer's (`viewer`), and what lies between them.

`live` keeps one frame of each agent and hands it to whoever has a credit; `hub` has the agents of this web
process and speaks to the other processes. The sockets are plain ASGI applications: Channels' consumers would
ask the database's thread before each message, and a frame must never wait for a database.
"""
