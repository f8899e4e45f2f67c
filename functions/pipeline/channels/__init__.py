"""The channels that a verdict is told through: each renders a `Telling`, and knows how its service answers."""
