"""The REST API, version 1: thin views that parse, ask one action, and answer.

`base` has what every view shares (strict input, typed answers, paged lists), `errors` the one shape of
error. Answers are TypedDicts built by `*_wire` functions: mypy checks them, drf-spectacular turns them
into the OpenAPI schema, and the browser's types are generated from that.
"""
