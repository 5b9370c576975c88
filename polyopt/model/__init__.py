"""The polyhedral model: expressions, loop nests, statements, dependences, the schedule tree."""
