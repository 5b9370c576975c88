"""Makes the modules beside this file (`interpret`, `run_schedule`) importable from every test."""
