"""Read the accelerometer of a phone or a watch: `source: phone`.

A message passes through the modules in this order: `messages` decodes it, `message_order` puts it
in order, `readings` picks the stream, `gravity` finds its unit, `phone_clock` corrects the phone's
time, `numbering` turns the samples into blocks. `phone_reader` joins these parts, and `source`
connects them to the bridge; `sensor_server` makes messages of what the app SensorServer sends.
"""
