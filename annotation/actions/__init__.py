"""Every write across rows, one module per noun.

An action takes keyword arguments, locks, validates, writes and returns, inside one transaction; it writes
its audit entry in the same transaction. Actions raise `ActionError` for what the caller can mend; they know
nothing of HTTP and never enqueue tasks.
"""
