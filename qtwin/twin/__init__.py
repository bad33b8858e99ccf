"""HOW THE PERSON RESPONDS: a disease model with a posterior, answering what-if for whole batches of
regimens.
"""
