"""Everything SpineWeb knows about picture files, without Django, a database or a network.

- `camera`, `registration`, `depth`, `surface`: cameras, depth maps and the skin they show.
- `k4a`: Azure Kinect recordings (Matroska) and their calibration, without the SDK.
- `radiograph`, `dicom`, `deidentify`: X-rays in and out, with everything personal taken away.
- `inspect`: the one entry for files of unknown origin; it runs in a child process.
- `sandbox`: starts that child with a memory and a time limit, and survives whatever happens to it.

Pixel coordinates are continuous, x right, y down, (0, 0) at the outer corner of the first pixel. Lengths
are mm.
"""
