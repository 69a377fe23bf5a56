"""The keys of a tour, the highlighted part of its page, and its address. Draws nothing that can be seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import streamlit as st
from streamlit.components.v2 import component

KEY = "fairlap-tour-keys"
LAST_PRESS_KEY = "tour:last-press"
"""Session key of the identity of the press that was handled last."""
NO_ENTRIES: Mapping[str, str] = {}

_SCRIPT = """
// Keys with a meaning in the element that has the focus are left to it.
const editable = "input, textarea, select, [contenteditable='true'], [role='combobox'], [role='listbox'], [role='menu']"
const movable = "[role='slider'], [role='tab'], [role='radio'], [role='radiogroup'], [role='spinbutton']"
const settleMs = 3000
const pressable = "button, a, summary, [role='button'], [role='checkbox'], [role='switch']"

function belongsToFocus(event) {
  const target = event.composedPath()[0]
  if (!(target instanceof Element)) return false
  const isToggle = ["checkbox", "radio"].includes(target.type)
  if (target.closest(editable)) return !isToggle || /^Arrow| /.test(event.key)
  if (/^Arrow|^Page/.test(event.key)) return Boolean(target.closest(movable))
  return event.key === " " && Boolean(target.closest(pressable))
}

// Scrolls the part into view, and again while the page around it is still being drawn. A part that is not there yet,
// such as that of a race before its start, is waited for at the top of the page.
function showPart(selector) {
  const main = document.querySelector("[data-testid='stMain']") ?? document.body
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth"
  let frame = 0, timer = 0
  const stop = () => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    changes.disconnect()
    sizes.disconnect()
    main.removeEventListener("wheel", stopSeen)
    main.removeEventListener("touchmove", stopSeen)
  }
  const stopSeen = () => { if (timer) stop() }
  const show = () => {
    const part = document.querySelector(selector)
    if (!part) return false
    part.scrollIntoView({ block: "nearest", behavior })
    timer ||= setTimeout(stop, settleMs)
    return true
  }
  const later = () => {
    cancelAnimationFrame(frame)
    frame = requestAnimationFrame(show)
  }
  const changes = new MutationObserver(later)
  const sizes = new ResizeObserver(later)
  changes.observe(main, { childList: true, subtree: true })
  if (main.firstElementChild) sizes.observe(main.firstElementChild)
  main.addEventListener("wheel", stopSeen, { passive: true })
  main.addEventListener("touchmove", stopSeen, { passive: true })
  if (!show()) main.scrollTo({ top: 0 })
  return stop
}

// In place of the present entry of the history: the browser's Back leads to the step before, not to the part before.
function writeAddress(parameters) {
  const address = new URL(location.href)
  for (const [name, value] of Object.entries(parameters)) {
    if (value) address.searchParams.set(name, value)
    else address.searchParams.delete(name)
  }
  if (address.href !== location.href) history.replaceState(history.state, "", address)
}

let shown = null
let stopLooking = () => {}

export default function ({ data, setTriggerValue }) {
  const listen = (event) => {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return
    const action = data.keys[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (!action || belongsToFocus(event)) return
    event.preventDefault()
    // Browsers open a window only while they handle the key itself.
    const address = data.windows[action]
    if (address) window.open(address, "fairlap-notes", "popup,width=1100,height=760")
    setTriggerValue("action", { action, press: `${Date.now()} ${Math.random()}` })
  }
  if (window.fairlapTourListener) document.removeEventListener("keydown", window.fairlapTourListener)
  window.fairlapTourListener = listen
  document.addEventListener("keydown", listen)
  document.documentElement.dataset.fairlapTour = data.place
  writeAddress(data.parameters)
  if (data.place !== shown) {
    shown = data.place
    stopLooking()
    stopLooking = data.selector ? showPart(data.selector) : () => {}
  }
  return () => {
    stopLooking()
    document.removeEventListener("keydown", listen)
    delete document.documentElement.dataset.fairlapTour
  }
}
"""


def draw_keys(
    keys: Mapping[str, str],
    on_action: Callable[[str], None],
    *,
    place: str,
    selector: str,
    windows: Mapping[str, str] = NO_ENTRIES,
    parameters: Mapping[str, str] = NO_ENTRIES,
) -> None:
    """Listen to `keys`, names of keys (`KeyboardEvent.key`, letters in lower case) with the action of each, and call
    `on_action` with the action before the next rerun. Whenever `place` changes, the element of `selector` is scrolled
    into view as soon as it is on the page. `windows` are addresses that actions open in a second window. `parameters`
    are written into the query of the page's address; an empty one is removed from it. If the page writes its address
    itself, call this after it: Streamlit does not know of these parameters, and replaces the whole query."""
    mount = component("fairlap_tour_keys", js=_SCRIPT)
    mount(
        key=KEY,
        data={
            "keys": dict(keys),
            "place": place,
            "selector": selector,
            "windows": dict(windows),
            "parameters": dict(parameters),
            # So that the browser writes them again after every rerun.
            "drawn": time.monotonic_ns() if parameters else 0,
        },
        on_action_change=lambda: _call(on_action),
        height=1,
    )


def _call(on_action: Callable[[str], None]) -> None:
    """Streamlit may call it twice for one press, if another rerun interrupts the first one."""
    state = st.session_state.get(KEY)
    pressed = state.get("action") if state is not None else None
    if pressed and pressed["press"] != st.session_state.get(LAST_PRESS_KEY):
        st.session_state[LAST_PRESS_KEY] = pressed["press"]
        on_action(str(pressed["action"]))
