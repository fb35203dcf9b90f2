"""Uses the tools as nodes do, and pries the connection open from inside: more room, old numbers, other sockets."""

from kit import Tries, say

DOOR = True
ENDS = ["crash"]


def main(input):
    import node_runtime

    tries = Tries()
    tries.tries("echo", lambda: node_runtime.call_tool("echo", "x"))
    runtime = node_runtime.NodeRuntime.get_instance()
    tries.gets("secret", lambda: node_runtime.call_tool("secret", "x", approved=True))
    tries.gets("model", lambda: node_runtime.call_llm("coder", "x"))
    tries.gets("resilient", lambda: node_runtime.call_tool_resilient("secret", {"approved": True}))
    channel = runtime._channel
    channel._room = 10**6
    say("more calls than there is room for")
    tries.tries("many", lambda: runtime.call_tools_parallel([("echo", "slow")] * 60, "partial", timeout=1.0))
    tries.tries("an engine of its own", node_runtime._with_an_engine_of_its_own)
    return tries.result()
