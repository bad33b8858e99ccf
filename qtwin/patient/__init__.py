"""WHO: the patient as the record tells it, pseudonymous from the first line on."""
