"""Numbers that the programs of all frameworks share."""

EPSILON = 1e-5  # under the square root of layer norm
HEADS = 4
RATE = 0.05  # of the training steps
HIDDEN_SCORE = -1e9  # for what the causal mask hides
OPERATIONS = 5  # of one round of a program: multiply, add, sin, exp, tanh


def case(method):
    """Marks a method of a framework's class as one of the cases it knows.

    The method takes the arrays of the case as attributes of one object. It prepares what lies outside the
    measurement and returns the function to be timed, which returns the value and the gradients. For a training
    step it returns a pair: the step, which returns the loss, and a function that gives the parameters.
    """
    method.is_case = True
    return method
