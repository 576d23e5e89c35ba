"""A model that is none of transformers': separate experts, whose block reads its attribute top_k in each call, and a generate() of its own."""
from types import SimpleNamespace

import torch
from torch import nn


class Expert(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up, self.down = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        return self.down(torch.relu(self.up(x)))


class Experts(nn.Module):
    def __init__(self, width, experts):
        super().__init__()
        self.gate = nn.Linear(width, experts, bias=False)
        self.experts = nn.ModuleList([Expert(width) for _ in range(experts)])
        self.top_k = 2

    def forward(self, x):
        rows = x.reshape(-1, x.shape[-1])
        weights, chosen = torch.topk(self.gate(rows).softmax(-1), self.top_k)
        out = torch.zeros_like(rows)
        for number, expert in enumerate(self.experts):
            token, place = torch.where(chosen == number)
            if len(token):
                out.index_add_(0, token, expert(rows[token]) * weights[token, place, None])
        return out.view_as(x)


class Layer(nn.Module):
    def __init__(self, width, experts):
        super().__init__()
        self.attention, self.mlp = nn.MultiheadAttention(width, 2, batch_first=True), Experts(width, experts)

    def forward(self, x, cache):
        cache.append(x if not cache else torch.cat([cache.pop(), x], 1))
        x = x + self.attention(x, cache[0], cache[0], need_weights=False)[0]
        return x + self.mlp(x)


class Model(nn.Module):
    def __init__(self, layers=3, width=32, experts=8):
        super().__init__()
        self.embed, self.head = nn.Embedding(256, width), nn.Linear(width, 256)
        self.blocks = nn.ModuleList([Layer(width, experts) for _ in range(layers)])

    def forward(self, input_ids, past_key_values=None):
        x = self.embed(input_ids)
        for layer, cache in zip(self.blocks, past_key_values):
            x = layer(x, cache)
        return self.head(x)

    def generate(self, input_ids, max_new_tokens, **_):
        caches, step, steps = [[] for _ in self.blocks], input_ids, []
        for _ in range(max_new_tokens):
            steps.append(self(input_ids=step, past_key_values=caches)[:, -1])
            step = steps[-1].argmax(-1, keepdim=True)
            input_ids = torch.cat([input_ids, step], 1)
        return SimpleNamespace(sequences=input_ids, logits=steps)
