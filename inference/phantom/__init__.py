"""The phantom: one parametric child, every sensor, every label.

Owns a synthetic scoliotic child whose truth is known: spine, ribs, pelvis, organs and skin come from one
geometry, and the RGB-D picture of the back, the radiograph and all landmarks are computed from it.
``python -m inference.phantom OUT --count N --seed S`` writes studies in the platform's import layout.

Body frame, everywhere in this package: millimetres, origin at the centre of the S1 endplate, x to the
patient's right, y down, z forward (anterior): the frame of a camera that stands behind the patient.
Endplate tilts are positive when the right side is lower. Pure numpy/scipy (+ OpenCV for PNG, JPEG, blur).
"""
