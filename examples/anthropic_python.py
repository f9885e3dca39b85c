"""The Anthropic SDK for Python through the gateway: an answer, a stream, and a tool round trip.

    pip install anthropic
    GW_TOKEN=gw_... python examples/anthropic_python.py
"""

import os

from anthropic import Anthropic

client = Anthropic(
    base_url=os.environ.get("GW_URL", "http://127.0.0.1:8422"),
    api_key=os.environ["GW_TOKEN"],
    max_retries=0,  # the gateway retries by itself: two layers would multiply
)
model = os.environ.get("MODEL", "haiku")


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


answer = client.messages.create(
    model=model,
    max_tokens=64,
    messages=[{"role": "user", "content": "Say hello in one word."}],
)
print("answer:", text_of(answer))

with client.messages.stream(
    model=model,
    max_tokens=64,
    messages=[{"role": "user", "content": "Count to three."}],
) as stream:
    streamed = stream.get_final_message()
print("stream:", text_of(streamed), f"({streamed.usage.output_tokens} tokens)")

# The loop is the client's: the gateway sees one request at a time and keeps no conversation.
messages = [{"role": "user", "content": "What is the weather in Paris?"}]
tools = [
    {
        "name": "get_weather",
        "description": "The weather in a city",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]
for _ in range(5):
    message = client.messages.create(model=model, max_tokens=256, messages=messages, tools=tools)
    messages.append({"role": "assistant", "content": message.content})
    calls = [block for block in message.content if block.type == "tool_use"]
    if not calls:
        print("after the tool:", text_of(message))
        break
    messages.append(
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": call.id, "content": '{"celsius": 18, "sky": "clear"}'} for call in calls
            ],
        }
    )
