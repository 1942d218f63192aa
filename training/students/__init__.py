"""Students: Llama models whose layers differ, in the released `nemotron-nas` format.

config.py    the format: what each layer is made of
model.py     the model for transformers; a checkpoint carries these two files
parent.py    a Llama model as a student with every block kept
checking.py  is a checkpoint sound? asked before a long job
"""
