"""An Azure Kinect's recordings and cameras, without its SDK: numpy and the standard library.

- `writing`, `reading`: recordings (Matroska), in which a burst is kept, sent and stored.
  `ebml`, `matroska`: the format below.
- `camera`, `calibration`: the two cameras and the way between them; `fields` reads their JSON.

It lies with the agent because the agent is the lowest package; the platform reads what the agent wrote by the
same code, and so may import it.

Pixel coordinates are continuous, x right, y down, (0, 0) at the outer corner of the first pixel. Lengths
are mm.
"""
