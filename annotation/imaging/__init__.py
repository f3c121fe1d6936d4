"""Everything SpineWeb knows about picture files, without Django, a database or a network.

- `registration`, `depth`, `surface`: depth maps and the skin they show. Azure Kinect recordings and cameras
  are read by `capture_agent.k4a`, below.
- `radiograph`, `dicom`, `deidentify`: X-rays in and out, with everything personal taken away.
- `inspect`: the one entry for files of unknown origin; it runs in a child process.
- `sandbox`: starts that child with a memory and a time limit, and survives whatever happens to it.

Pixel coordinates are continuous, x right, y down, (0, 0) at the outer corner of the first pixel. Lengths
are mm.
"""
