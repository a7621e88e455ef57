"""The measuring stick: this project's server beside a hand-written floor and other people's ways, on one machine."""
