"""What takes longer than a lesson: one module for each experiment, one engine for all.

An experiment is a module of this folder that is called like its lesson (or begins so):

- constants in capitals: its settings;
- `jobs()`: its grid, a dict for each job;
- `run(**job)`: what one job gives, a dict (or a list of dicts: several runs that share their work);
- `shared()`, if all jobs share something, such as labels and baselines: a dict;
- `check(runs)`: what must hold of the stored `helpers.results.Runs`, as assertions.

`python -m experiments` lists them, `python -m experiments NAME` does what is missing.
"""
