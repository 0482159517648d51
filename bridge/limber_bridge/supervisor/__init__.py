"""What the bridge does as a Home Assistant app, and in a container without Home Assistant.

The Supervisor of Home Assistant knows the MQTT broker and the time zone. They reach limber.yaml as
environment variables, so that the file stays the truth and holds no password.
"""
