"""Networks, one published one per file, registered by name; and what every one of them shares.

A network knows neither its loss nor its optimiser. `registry` builds one by name. Landmarks: `pictures` turns
files into the network's square, `planes` and `standardise` make its input, `heatmaps` draws and reads its
maps, `doubt` says how far a point may be off. X-rays from backs: `alignment` brings back and film to one
frame, `contrast` makes films alike, `pairs` is what a generator sees. `unlike` tells what a network was
never taught; `weights` is the only way in and out of a file: safetensors, never a pickle. Training and
prediction both stand on these. No Django here.
"""
