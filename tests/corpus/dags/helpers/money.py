def round_up(amount):
    return -(-amount // 1)
