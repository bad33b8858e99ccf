"""HOW THE PERSON RESPONDS: a disease model and a posterior over its parameters, answering what-if for whole batches of regimens."""
