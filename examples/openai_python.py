"""The OpenAI SDK for Python through the gateway: an answer, a stream, and a tool round trip.

    pip install openai
    GW_TOKEN=gw_... python examples/openai_python.py
"""

import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("GW_URL", "http://127.0.0.1:8422") + "/v1",
    api_key=os.environ["GW_TOKEN"],
    max_retries=0,  # the gateway retries by itself: two layers would multiply
)
model = os.environ.get("MODEL", "haiku")

answer = client.chat.completions.create(
    model=model,
    messages=[{"role": "user", "content": "Say hello in one word."}],
)
print("answer:", answer.choices[0].message.content)

streamed, output_tokens = "", 0
for chunk in client.chat.completions.create(
    model=model,
    messages=[{"role": "user", "content": "Count to three."}],
    stream=True,
    stream_options={"include_usage": True},
):
    if chunk.choices:
        streamed += chunk.choices[0].delta.content or ""
    if chunk.usage:
        output_tokens = chunk.usage.completion_tokens
print("stream:", streamed, f"({output_tokens} tokens)")

# The loop is the client's: the gateway sees one request at a time and keeps no conversation.
messages = [{"role": "user", "content": "What is the weather in Paris?"}]
tools = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]
for _ in range(5):
    message = client.chat.completions.create(model=model, messages=messages, tools=tools).choices[0].message
    messages.append(message)
    if not message.tool_calls:
        print("after the tool:", message.content)
        break
    for call in message.tool_calls:
        messages.append({"role": "tool", "tool_call_id": call.id, "content": '{"celsius": 18, "sky": "clear"}'})
