"""A logits processor for vLLM that makes the model say what `vllm_xargs.answer` (a list of token ids) tells it to say.

With it a model of random weights gives whole answers: thoughts that end, words, tool calls. Requests without the
argument are left alone. Load it with `vllm serve … --logits-processors scripted_answer:ScriptedAnswer` and this
directory in PYTHONPATH.
"""

import torch
from vllm.v1.sample.logits_processor.interface import LogitsProcessor, MoveDirectionality


class ScriptedAnswer(LogitsProcessor):
    def __init__(self, vllm_config, device, is_pin_memory):
        self.end = vllm_config.model_config.hf_config.eos_token_id
        self.requests = {}  # row of the batch -> (script, tokens generated so far)

    def is_argmax_invariant(self):
        return False

    def update_state(self, batch_update):
        if batch_update is None:
            return
        for row in batch_update.removed:
            self.requests.pop(row, None)
        for row, params, _prompt, output in batch_update.added:
            script = (params.extra_args or {}).get("answer")
            if script:
                self.requests[row] = (script, output)
            else:
                self.requests.pop(row, None)
        for source, target, direction in batch_update.moved:
            moved = self.requests.pop(source, None)
            replaced = self.requests.pop(target, None)
            if moved:
                self.requests[target] = moved
            if replaced and direction == MoveDirectionality.SWAP:
                self.requests[source] = replaced

    def apply(self, logits):
        for row, (script, output) in self.requests.items():
            token = script[len(output)] if len(output) < len(script) else self.end
            logits[row] = float("-inf")
            logits[row, int(token)] = 0.0
        return logits
