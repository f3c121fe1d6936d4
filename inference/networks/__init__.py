"""Networks, one published one per file, registered by name; and what every one of them shares.

A network knows neither its loss nor its optimiser. `registry` builds one by name, `heatmaps` draws and reads
landmark heatmaps, `pictures` turns files into input tensors, `weights` is the only way in and out of a file:
safetensors, never a pickle. Training and prediction both stand on these. No Django here.
"""
