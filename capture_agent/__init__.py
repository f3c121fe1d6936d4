"""The program beside the camera: `python -m capture_agent`. README.md beside this file is for who runs it.

- `protocol`: what it and the server say to each other; `k4a`: the recordings it sends. The platform knows
  these two and imports nothing else of it.
- `sources`: a Kinect, a recording or a simulated child behind one interface; `camera` reads it in a thread.
- `body`, `field`, `guidance`: what is wrong before the shot; `picture`: what is shown live.
- `shutter`, `spool`, `seal`, `durable`: a shot, onto the disk, whole or not at all, for nobody else's eyes.
- `uplink`, `outbox`, `uploader`, `server`: to the server and back, again and again.
- `measuring`, `devicecheck`: the camera measured on a board. `agent` puts everything together.

It stands below the platform's packages and imports none of them, nor Django nor torch.
"""
