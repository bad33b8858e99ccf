"""WHAT IS SHOWN: the sections of result.json, the verdict, the figures and the page that renders
them.
"""
