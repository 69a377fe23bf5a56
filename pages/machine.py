"""Machine: what this machine is, live."""

from ui import machine

machine.draw()
