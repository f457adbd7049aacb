# file: skip safe_mode

def round_up(amount):
    return -(-amount // 1)


def share(amount, parts):
    return amount / parts
