"""The API of snapshots, recipes, jobs and model versions: thin views as in `annotation.api`.

Reading asks for VIEW in the row's project, every write for TRAIN. Only views ring a job's bell.
"""
