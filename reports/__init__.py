"""What becomes of a run. A package, so that no folder of this name elsewhere can put a module of its own in."""
