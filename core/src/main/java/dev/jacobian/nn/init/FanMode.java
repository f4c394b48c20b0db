package dev.jacobian.nn.init;

/** Which number of connections an initialiser scales by. */
public enum FanMode {
    /** The number of inputs of one output. */
    FAN_IN,
    /** The number of outputs that one input reaches. */
    FAN_OUT
}
