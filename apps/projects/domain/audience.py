"""Whom tasks are for, as forms and the API call it: `everybody`, `group:night shift`, `person:erin`."""

EVERYBODY = "everybody"
