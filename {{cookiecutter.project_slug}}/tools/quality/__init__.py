"""What the programs in tools/ share, and their parts: each subject has a module or a package of its own."""
