"""Every write across the rows of the inference app: freezing, starting, claiming, finishing, promoting.

As in `annotation.actions`: keyword arguments, one transaction, an audit entry in it, `ActionError` for what
the caller can mend. `jobs` is what people ask for, `running` what the worker that holds a job writes,
`materials` what a job's run folder is filled with. None of them enqueues; each announces what it changed,
after the commit, to the browsers that look.
"""
