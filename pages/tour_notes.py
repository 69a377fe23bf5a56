"""Speaker notes of a tour, in a window of their own. It needs the secret of the session that presents."""

from ui.tours.notes import draw_notes_page

draw_notes_page()
