"""How does the success of fixed-angle QAOA fall with size?"""
