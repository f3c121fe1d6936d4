"""The rows of the inference app: dataset snapshots, jobs and model versions."""
