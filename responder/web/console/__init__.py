"""What people look at in a browser: pages over the desk's functions, imported when somebody asks for one first."""
