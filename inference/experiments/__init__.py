"""The experiments of the report of 2020 (seed 000, tables 4, 5, 6, 9, 13, 15, 17), each row a recipe.

`tables` holds the rows and what the report says of them; `phantoms` makes the data where there is no server;
`running` trains each row as a program of its own; `measuring` measures what it learnt on cases that no row
has seen, baselines and Cobb angles included; `reporting` writes the table and a sheet of pictures.

    python -m inference.experiments 9 DATA OUT --small        # DATA: a folder of phantoms, or a run folder
    manage.py run_experiments 9 --snapshot NAME --out OUT     # the same on a frozen snapshot

No Django here.
"""
