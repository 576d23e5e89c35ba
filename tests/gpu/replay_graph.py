"""A target that replays a captured graph of 60 kernels in each of its requests: replay_graph.py WAY REQUESTS
WAY: requests, window (every second one is also in a range `window`), profiler (cudaProfilerStart and Stop around every
second one), busy (requests do not wait for the GPU)."""
import sys
import torch

way, requests = sys.argv[1], int(sys.argv[2])
nvtx, cudart = torch.cuda.nvtx, torch.cuda.cudart()
x = torch.zeros(1 << 16, device="cuda")
x.add_(1)
torch.cuda.synchronize()
graph = torch.cuda.CUDAGraph()
with torch.cuda.graph(graph):
    for _ in range(60):
        x.add_(1)
for _ in range(3):
    graph.replay()
    torch.cuda.synchronize()
nvtx.range_push("top_k=8")
for i in range(requests):
    second = i % 2 == 1
    if way == "profiler":
        (cudart.cudaProfilerStart if second else cudart.cudaProfilerStop)()
    if way == "window" and second:
        nvtx.range_push("window")
    nvtx.range_push(f"sample.{i}")
    nvtx.range_push("decode")
    graph.replay()
    if way != "busy":
        torch.cuda.synchronize()
    nvtx.range_pop()
    nvtx.range_pop()
    if way == "window" and second:
        nvtx.range_pop()
torch.cuda.synchronize()
nvtx.range_pop()
