"""Records: the persisted form of events, nights, labels, settings and detector state.

The names in a payload belong to its version and never change. The types of the detection and of the
domain are mapped to them field by field, so those types can be renamed freely.
"""
