"""The program beside the camera.

So far it owns the writer of Azure Kinect recordings, in which a burst is kept and sent. It stands below the
platform's packages and imports none of them: numpy and the standard library are all that it needs.
"""
