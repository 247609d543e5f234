"""check_server.py ADDRESS CHROMIUM FOLDER: uses a running `retort serve` through OpenAI's client and through its page."""

import sys
import time

import openai
from playwright.sync_api import expect, sync_playwright

address, chromium, folder = sys.argv[1:]
messages = [{"role": "user", "content": "Name three colours."}]


def check_client():
    client = openai.OpenAI(base_url=address + "v1", api_key="none", max_retries=0)
    names = [model.id for model in client.models.list()]
    model = names[0]
    whole = client.chat.completions.create(
        model=model, messages=messages, max_tokens=40, temperature=0, seed=1, logprobs=True, top_logprobs=3)
    text = whole.choices[0].message.content
    print("said:", text)
    assert text and whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    entries = whole.choices[0].logprobs.content
    assert "".join(entry.token for entry in entries) == text and all(len(entry.top_logprobs) == 3 for entry in entries)
    assert all(entry.top_logprobs[0].logprob == entry.logprob for entry in entries), "temperature 0 takes the likeliest"

    start, first, pieces, usage = time.perf_counter(), None, [], None
    for chunk in client.chat.completions.create(
            model=model, messages=messages, max_tokens=40, temperature=0, seed=1, stream=True, stream_options={"include_usage": True}):
        first = first or time.perf_counter()
        usage = chunk.usage or usage
        pieces += [choice.delta.content or "" for choice in chunk.choices]
    print(f"first chunk after {first - start:.3f} s, all after {time.perf_counter() - start:.3f} s")
    assert "".join(pieces) == text and usage == whole.usage
    stop = text.split()[2]
    stopped = client.chat.completions.create(model=model, messages=messages, max_tokens=40, temperature=0, stop=[stop])
    assert stopped.choices[0].message.content == text[:text.index(stop)] and stopped.choices[0].finish_reason == "stop"
    for wrong, error in [({"model": "no such model"}, openai.NotFoundError), ({"temperature": 9}, openai.BadRequestError),
                         ({"response_format": {"type": "json_object"}}, openai.BadRequestError)]:
        try:
            client.chat.completions.create(**{"model": model, "messages": messages, "max_tokens": 5, **wrong})
        except error as refused:
            print("refused:", refused.body["message"])
        else:
            raise AssertionError(f"{wrong} was taken")
    return names


def watch(page):
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith((address, "data:")) else said.append("asked for " + request.url))
    return said


def check_page(browser, name, plays, **options):
    page = browser.new_page(**options)
    said = watch(page)
    page.goto(address)
    expect(page.locator("#model option").first).to_be_attached()
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, f"{name}: {width} pixels wider than the screen"

    # A small model may be done before anybody looks: what the page said on the way is kept.
    page.evaluate("""() => {
        window.stages = [];
        const stage = document.getElementById("reply-stage");
        new MutationObserver(() => stages.push(stage.textContent)).observe(stage, { childList: true });
    }""")
    # Answer, by keyboard alone: from the last choice on over mode and seconds to the button.
    page.locator("[name=choice]").last.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "submit", "the tab key does not lead to the button"
    page.keyboard.press("Enter")
    expect(page.locator("#reply-stage")).to_contain_text("Answer", timeout=20_000)
    stages = page.evaluate("stages")
    assert any("guess" in text or "easoning" in text for text in stages[:-1]), f"{name}: nothing was told before the answer: {stages}"
    assert "The answer is" in page.locator("#said").inner_text(), "a screen reader does not hear the answer"
    page.screenshot(path=f"{folder}/{name}-answer.png", full_page=True)

    # Question, over the arrow keys.
    page.locator("#tab-answer").focus()
    page.keyboard.press("ArrowRight")
    page.locator("#make-topic").fill("the planets")
    page.keyboard.press("Enter")
    expect(page.locator("#made-choices button").nth(3)).to_be_visible(timeout=20_000)
    page.locator("#made-choices button").first.press("Enter")
    expect(page.locator("#made-verdict")).not_to_be_empty()
    page.screenshot(path=f"{folder}/{name}-question.png", full_page=True)
    page.locator("#made-ask").click()
    expect(page.locator("#reply-stage")).to_contain_text("Answer", timeout=20_000)

    if plays:
        page.locator("#tab-match").click()
        page.locator("#play-count").fill("2")
        page.locator("#play [type=submit]").click()
        expect(page.locator("#match-stage")).to_contain_text("over", timeout=120_000)
        page.screenshot(path=f"{folder}/{name}-match.png", full_page=True)

    # A request that is refused is said on the page.
    page.locator("#tab-question").click()
    page.locator("#make-topic").fill("?!")
    page.locator("#make [type=submit]").click()
    expect(page.locator("#problem")).to_be_visible()
    unexpected = [text for text in said if "400" not in text]
    assert not unexpected, f"{name}: {unexpected}"
    page.close()


names = check_client()
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    probe = browser.new_page()
    probe.goto(address)
    expect(probe.locator("#model option").first).to_be_attached()
    plays = probe.locator("#tab-match").is_visible()
    probe.close()
    check_page(browser, "day", plays, viewport={"width": 1100, "height": 900})
    check_page(browser, "night", False, viewport={"width": 1100, "height": 900}, color_scheme="dark")
    check_page(browser, "phone", plays, viewport={"width": 375, "height": 740}, is_mobile=True, has_touch=True, device_scale_factor=2)
    browser.close()
print("the client and the page work; pictures in", folder)
