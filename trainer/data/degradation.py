"""The words of the degradation task (Q-Insight): what a whole image may have, and how badly."""

CLASSES = ("noise", "compression", "blur", "darken", "null")
"""The five classes in the prompt's words; ``null`` is an image without a distortion."""

LEVELS = ("slight", "moderate", "obvious", "serious", "catastrophic")
"""The words of severity 1 to 5. The level of ``null`` is ``null``."""
