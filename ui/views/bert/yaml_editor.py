"""A text area for YAML that is checked while the user types: it sends the text after a short pause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

COMPONENT_KEY = "bert:yaml-editor"
PAUSE_MS = 250
"""The text is sent when the user has not typed for so long."""

HTML = """\
<label for="yaml"></label>
<div class="frame">
  <pre class="lines" aria-hidden="true"></pre>
  <textarea id="yaml" spellcheck="false" autocomplete="off" autocapitalize="off" wrap="off"></textarea>
</div>
"""

CSS = """\
:host, .frame, textarea, .lines {box-sizing: border-box}
label {display: block; font-family: var(--st-font); font-size: 0.875rem; margin-bottom: 0.4rem;
  color: var(--st-text-color)}
.frame {display: flex; border: 1px solid var(--st-widget-border-color, var(--st-border-color));
  border-radius: var(--st-base-radius); background: var(--st-secondary-background-color); overflow: hidden}
.frame:focus-within {outline: 2px solid var(--st-primary-color); outline-offset: 1px}
.frame.wrong {border-color: var(--st-red-color)}
.lines, textarea {font-family: var(--st-code-font), ui-monospace, Menlo, Consolas, monospace; font-size: 0.8rem;
  line-height: 1.25rem; margin: 0; padding: 0.6rem 0; border: 0; tab-size: 2}
.lines {flex: none; width: 2.2rem; padding-right: 0.5rem; text-align: right; user-select: none; overflow: hidden;
  color: var(--st-text-color); opacity: 0.65}
.lines .wrong {background: var(--st-red-background-color); color: var(--st-red-text-color); font-weight: 700;
  opacity: 1; display: block; margin-right: -0.5rem; padding-right: 0.5rem}
textarea {flex: 1; min-width: 0; resize: none; outline: none; background: transparent; color: var(--st-text-color);
  white-space: pre; overflow-x: auto; overflow-y: hidden}
"""

JS = """\
const states = new WeakMap()

export default function (component) {
  const { parentElement, data, setStateValue } = component
  const area = parentElement.querySelector("textarea")
  const lines = parentElement.querySelector(".lines")
  const frame = parentElement.querySelector(".frame")
  const state = states.get(parentElement) ?? { timer: null, generation: null, error: 0 }
  states.set(parentElement, state)
  parentElement.querySelector("label").textContent = data.label

  const draw = () => {
    const count = area.value.split("\\n").length
    const numbers = Array.from({ length: count }, (_, index) => {
      const line = document.createElement("span")
      line.textContent = `${index + 1}\\n`
      if (index + 1 === state.error) line.className = "wrong"
      return line
    })
    lines.replaceChildren(...numbers)
    area.style.height = `${count * 20 + 36}px`
  }
  const send = () => {
    clearTimeout(state.timer)
    state.timer = null
    setStateValue("text", area.value)
  }
  // Only a new generation replaces the text: an answer may be older than what has been typed since.
  if (state.generation !== data.generation) {
    state.generation = data.generation
    area.value = data.text
  }
  state.error = data.errorLine ?? 0
  frame.classList.toggle("wrong", data.isWrong)
  area.setAttribute("aria-invalid", String(data.isWrong))
  draw()
  area.oninput = () => {
    draw()
    clearTimeout(state.timer)
    state.timer = setTimeout(send, data.pauseMs)
  }
  area.onblur = () => { if (state.timer !== null) send() }
  area.onkeydown = event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send()
  }
}
"""

_mount = component("fairlap_yaml_editor", html=HTML, css=CSS, js=JS)


def draw_yaml_editor(
    label: str,
    text: str,
    generation: int,
    *,
    error_line: int | None,
    is_wrong: bool,
    on_change: Callable[[str], Any],
) -> None:
    """Draw the editor with `text`. A larger `generation` replaces what the user has typed.

    `error_line` counts from 1. `on_change` is a callback with the new text.
    """

    def changed() -> None:
        on_change(str(st.session_state[COMPONENT_KEY].text))

    _mount(
        key=COMPONENT_KEY,
        data={
            "label": label,
            "text": text,
            "generation": generation,
            "errorLine": error_line,
            "isWrong": is_wrong,
            "pauseMs": PAUSE_MS,
        },
        on_text_change=changed,
    )
