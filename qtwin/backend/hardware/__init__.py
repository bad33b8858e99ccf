"""WHERE CIRCUITS COST MONEY: a ledger that loses no job and buys none twice, prices and budgets, and what may go out."""
