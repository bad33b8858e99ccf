"""Where does classical win, where is it open, and what would a quantum machine need?

Results of other studies on one map.
"""
