"""Names of the models in the README's tables, as it prints them, and its rule for scores.

How near two printed scores are ("close", "similar", the best of a table) is held against the print. That one model is
better than another is held against the interval of their difference, on the mean where several benchmarks are named.
"""

from fractions import Fraction

LEVEL = Fraction(3, 10)  # a gap of no more is none
LOWER_IS_BETTER = "BPB"  # bits per byte

V3, V3_BASE = "DeepSeek V3", "DeepSeek-V3"
OTHER_BASE = ("DeepSeek-V2", "Qwen2.5 72B", "LLaMA3.1 405B")
OPEN = ("DeepSeek V2-0506", "DeepSeek V2.5-0905", "Qwen2.5 72B-Inst.", "Llama3.1 405B-Inst.")
CLOSED = (CLAUDE, GPT_4O) = ("Claude-3.5-Sonnet-1022", "GPT-4o 0513")

PEERS = (*OPEN, *CLOSED)

COUNTED = {"literal": "everything", "loose": "without the input embedding"}  # by whose convention, by reading
WITHOUT_EMBEDDING = "only when the input embedding is left out, of which a token looks up one row"
ACTIVE = "Read as: all parameters but the experts that do not work on a token; weaker: without the input embedding."
ON_THE_MEAN = "Read as: its mean lead over {}, on the benchmarks whose number of problems is known, is above zero."
