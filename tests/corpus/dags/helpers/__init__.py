# file: skip safe_mode
