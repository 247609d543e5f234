"""The two agents of a submission made by `retort submit`: one asks four-choice questions, one answers them.

The model runs in the bundled program `bin/retort`; these files start it, talk to it line by line and write the contest's files.
They need nothing but Python's standard library. The program needs PyTorch's libraries, which are found without importing them.
"""
