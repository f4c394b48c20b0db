package dev.jacobian.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.AdamKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.View;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.memory.OutOfDeviceMemoryException;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.DelegatingBackend;
import dev.jacobian.testing.FusedBackend;
import dev.jacobian.testing.ReferenceBackend;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class OptimizerTest {
    private static final double[][] GRADIENTS = {{0.5, -1, 2}, {0.1, 0.2, -0.3}, {-1, 0.4, 0.7}};
    private static final Offset<Double> EXACT = within(1e-12);

    private static Param param(double... values) {
        return Param.of("weight", Tensor.of(values));
    }

    private static void give(Param param, double... gradient) {
        param.accumulateGrad(Tensor.of(gradient).to(param.dtype()));
    }

    /** Three steps from [1, −2, 3]; expected values come from PyTorch's formulas in 40 decimal digits. */
    private static void checkThreeSteps(Function<Param, Optimizer> make, double... expected) {
        Param param = param(1, -2, 3);
        Optimizer optimizer = make.apply(param);
        for (double[] gradient : GRADIENTS) {
            give(param, gradient);
            optimizer.step();
        }
        assertThat(param.toDoubleArray()).containsExactly(expected, EXACT);

        Param narrow = Param.of("weight", Tensor.of(1f, -2f, 3f));
        Optimizer narrowOptimizer = make.apply(narrow);
        for (double[] gradient : GRADIENTS) {
            give(narrow, gradient);
            narrowOptimizer.step();
        }
        assertThat(narrow.dtype()).isEqualTo(DType.FLOAT32);
        assertThat(narrow.toDoubleArray()).containsExactly(expected, within(2e-6));
    }

    @Test
    void sgd() {
        checkThreeSteps(p -> new Sgd(List.of(p), 0.1), 1.04, -1.96, 2.76);
    }

    @Test
    void sgdWithWeightDecay() {
        checkThreeSteps(p -> new Sgd(List.of(p), 0.1).weightDecay(0.01), 1.037112949, -1.954185898, 2.751378797);
    }

    @Test
    void sgdWithMomentum() {
        checkThreeSteps(p -> new Sgd(List.of(p), 0.1).momentum(0.9), 0.9455, -1.807, 2.445);
    }

    @Test
    void sgdWithNesterovAndWeightDecay() {
        checkThreeSteps(p -> new Sgd(List.of(p), 0.1).momentum(0.9).nesterov(true).weightDecay(0.01),
                0.983465558191, -1.771186716382, 2.238344631623);
    }

    @Test
    void adam() {
        checkThreeSteps(p -> new Adam(List.of(p), 0.1), 0.848441290710248, -1.83547343420816, 2.78353401831641);
    }

    @Test
    void adamWithWeightDecay() {
        checkThreeSteps(p -> new Adam(List.of(p), 0.1).weightDecay(0.05),
                0.838187666064163, -1.81314208453233, 2.7709995375225);
    }

    @Test
    void adamWDecaysByDefault() {
        checkThreeSteps(p -> new AdamW(List.of(p), 0.1), 0.845724493801866, -1.82973043481317, 2.7747981351207);
    }

    @Test
    void adamWWithOtherOptions() {
        checkThreeSteps(p -> new AdamW(List.of(p), 0.1).weightDecay(0.2).betas(0.8, 0.9).epsilon(0.001),
                0.804881384381349, -1.73469068857483, 2.61674852421434);
    }

    @Test
    void gradScaleMultipliesGradients() {
        Param param = param(1);
        Sgd sgd = new Sgd(List.of(param), 0.5);
        sgd.setGradScale(0.25);
        give(param, 2);
        sgd.step();
        assertThat(param.item()).isEqualTo(0.75);
        assertThatThrownBy(() -> sgd.setGradScale(Double.NaN)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void microBatchesAddUpAndStepsDoNot() {
        Param param = param(1);
        Sgd sgd = new Sgd(List.of(param), 1);
        give(param, 0.25);
        give(param, 0.5);
        sgd.step();
        assertThat(param.item()).isEqualTo(0.25);
        assertThat(param.grad().item()).as("still readable").isEqualTo(0.75);
        give(param, 0.125);
        sgd.step();
        assertThat(param.item()).isEqualTo(0.125);
    }

    @Test
    void zeroGradDiscards() {
        Param param = param(1);
        Sgd sgd = new Sgd(List.of(param), 1);
        give(param, 0.25);
        sgd.zeroGrad();
        assertThatThrownBy(sgd::step).isInstanceOf(IllegalStateException.class);
        assertThat(param.item()).isEqualTo(1);
    }

    @Test
    void leavesFrozenAndUnreachedParametersAlone() {
        Param used = param(1);
        Param frozen = param(1).freeze();
        Param unreached = param(1);
        Adam adam = new Adam(List.of(used, frozen, unreached), 0.1).weightDecay(0.1);
        give(used, 1);
        give(frozen, 1);
        adam.step();
        assertThat(used.item()).isLessThan(1);
        assertThat(frozen.item()).isEqualTo(1);
        assertThat(unreached.item()).isEqualTo(1);
        assertThat(adam.stateDict()).containsOnlyKeys("state.0.exp_avg", "state.0.exp_avg_sq", "state.0.step");
    }

    /** Adam's first update has the size of the learning rate, whenever it comes. */
    @Test
    void countsUpdatesOfEachParameter() {
        Param early = param(1);
        Param late = param(1);
        Adam adam = new Adam(List.of(early, late), 0.1);
        give(early, 3);
        adam.step();
        give(early, 3);
        give(late, 7);
        adam.step();
        assertThat(late.item()).isCloseTo(0.9, within(1e-8));
    }

    @Test
    void stepWithoutBackwardSaysSo() {
        Sgd sgd = new Sgd(List.of(param(1)), 1);
        assertThatThrownBy(sgd::step).isInstanceOf(IllegalStateException.class).hasMessageContaining("backward()");
    }

    /** Notes how many parameters each call of the kernel is given. */
    private static final class CountedAdam extends DelegatingBackend implements AdamKernel {
        private final FusedBackend target;
        private final List<Integer> calls = new ArrayList<>();

        CountedAdam(FusedBackend target) {
            super(target);
            this.target = target;
        }

        @Override
        public <K> K kernel(Class<K> kind, DType dtype) {
            return kind == AdamKernel.class && dtype == DType.FLOAT32 ? kind.cast(this) : null;
        }

        @Override
        public void adam(
                List<View> parameters,
                List<View> gradients,
                List<View> m,
                List<View> v,
                double beta1,
                double beta2,
                double epsilon,
                double weightDecay,
                boolean decoupled,
                View scalars) {
            calls.add(parameters.size());
            target.adam(parameters, gradients, m, v, beta1, beta2, epsilon, weightDecay, decoupled, scalars);
        }
    }

    @Test
    void parametersOfOneDeviceTypeAndUpdateAreOneCall() {
        CountedAdam backend = new CountedAdam(new FusedBackend());
        Device counted = Device.of(backend);
        List<Param> params = new ArrayList<>();
        for (Device device : List.of(counted, counted, counted, Device.of(new ReferenceBackend()))) {
            try (var _ = device.use()) {
                params.add(Param.of("weight", Tensor.of(1f, -2f, 3f)));
            }
        }
        try (var _ = counted.use()) {
            params.add(param(1, -2, 3)); // float64
        }
        Adam adam = new Adam(params, 0.1);
        for (int step = 0; step < GRADIENTS.length; step++) {
            for (Param param : params) {
                try (var _ = param.device().use()) {
                    if (step > 0 || param != params.get(1)) {
                        give(param, GRADIENTS[step]);
                    }
                }
            }
            adam.step();
        }
        assertThat(backend.calls).containsExactly(2, 2, 1, 2, 1);
        double[] expected = params.getLast().toDoubleArray();
        for (int i : new int[] {0, 2, 3}) {
            assertThat(params.get(i).toDoubleArray()).containsExactly(expected, within(1e-6));
        }
        assertThat(params.get(1).toDoubleArray()).isNotEqualTo(params.get(0).toDoubleArray());
        assertThat(adam.stateDict().get("state.1.step").item()).isEqualTo(2);
        assertThat(adam.stateDict().get("state.0.step").item()).isEqualTo(3);
    }

    /** Signs of gradients, and how often there was one: an optimiser that knows of single parameters only. */
    private static final class SignDescent extends Optimizer {
        private boolean hungry;

        SignDescent(List<Param> parameters) {
            super(parameters, 0.5);
        }

        @Override
        protected List<String> stateNames() {
            return List.of("count");
        }

        @Override
        protected double[] scalars(int update) {
            return new double[] {lr(), update};
        }

        @Override
        protected void update(Param parameter, Tensor gradient, List<Param> state, Tensor scalars) {
            if (hungry && parameter.size() == 2) {
                Tensor.zeros(1 << 30, 1 << 20);
            }
            parameter.set(parameter.sub(gradient.sign().mul(scalars.select(0, 0))));
            state.getFirst().set(state.getFirst().add(scalars.select(0, 1)));
        }
    }

    @Test
    void anOptimizerOfOnesOwnUpdatesOneParameterAtATime() {
        Param first = param(1, 2, 3);
        Param second = param(4, 5);
        SignDescent descent = new SignDescent(List.of(first, second));
        for (int step = 0; step < 2; step++) {
            give(first, -1, 0, 7);
            give(second, 3, -3);
            descent.step();
        }
        assertThat(first.toDoubleArray()).containsExactly(2, 2, 2);
        assertThat(second.toDoubleArray()).containsExactly(3, 6);
        assertThat(descent.stateDict().get("state.1.count").toDoubleArray()).containsExactly(3, 3);
    }

    @Test
    void withoutMemoryForAllTheOthersKeepTheirGradients() {
        Param first = param(1);
        Param second = param(4, 5);
        Param third = param(6, 7, 8);
        SignDescent descent = new SignDescent(List.of(first, second, third));
        give(first, 1);
        give(second, 1, 1);
        give(third, 1, 1, 1);
        int before = Rng.step();
        descent.hungry = true;
        assertThatThrownBy(descent::step).isInstanceOf(OutOfDeviceMemoryException.class);
        assertThat(first.item()).isEqualTo(0.5);
        assertThat(first.hasFreshGrad()).isFalse();
        assertThat(second.toDoubleArray()).containsExactly(4, 5);
        assertThat(List.of(second, third)).allMatch(Param::hasFreshGrad);
        assertThat(Rng.step()).isEqualTo(before);
        descent.hungry = false;
        descent.step();
        assertThat(first.item()).isEqualTo(0.5);
        assertThat(second.toDoubleArray()).containsExactly(3.5, 4.5);
        assertThat(third.toDoubleArray()).containsExactly(5.5, 6.5, 7.5);
        assertThat(Rng.step()).isEqualTo(before + 1);
    }

    @Test
    void stepGoesOnInTheRandomNumbers() {
        Param param = param(1);
        Sgd sgd = new Sgd(List.of(param), 1);
        int before = Rng.step();
        give(param, 1);
        sgd.step();
        assertThat(Rng.step()).isEqualTo(before + 1);
    }

    @Test
    void aTapeThatSavedOldValuesIsRefused() {
        Param param = param(2);
        Sgd sgd = new Sgd(List.of(param), 1);
        try (var _ = MemoryScope.open()) {
            Tensor y = param.mul(param).sum();
            give(param, 1);
            sgd.step();
            assertThatThrownBy(y::backward).isInstanceOf(IllegalStateException.class).hasMessageContaining("in place");
        }
    }

    @Test
    void stateMovesBetweenOptimizers() {
        Param straight = param(1, -2, 3);
        Param resumed = param(1, -2, 3);
        Adam adam = new Adam(List.of(straight), 0.1);
        Adam first = new Adam(List.of(resumed), 0.1);
        Adam second = new Adam(List.of(resumed), 0.1);
        for (int i = 0; i < GRADIENTS.length; i++) {
            give(straight, GRADIENTS[i]);
            adam.step();
            if (i == 1) {
                second.loadStateDict(first.stateDict());
                second.loadStateDict(second.stateDict());
            }
            give(resumed, GRADIENTS[i]);
            (i == 0 ? first : second).step();
        }
        assertThat(resumed.toDoubleArray()).containsExactly(straight.toDoubleArray());
    }

    @Test
    void stateThatDoesNotFitChangesNothing() {
        Param param = param(1, 2);
        Adam adam = new Adam(List.of(param), 0.1);
        give(param, 1, 1);
        adam.step();
        Map<String, Tensor> missing = new HashMap<>(adam.stateDict());
        missing.remove("state.0.exp_avg_sq");
        assertThatThrownBy(() -> adam.loadStateDict(missing)).hasMessageContaining("state.0.exp_avg_sq");
        Map<String, Tensor> misshapen = new HashMap<>(adam.stateDict());
        misshapen.put("state.0.exp_avg", Tensor.of(0f, 0f, 0f));
        assertThatThrownBy(() -> adam.loadStateDict(misshapen)).hasMessageContaining("[3]").hasMessageContaining("[2]");
        Map<String, Tensor> unexpected = new HashMap<>(adam.stateDict());
        unexpected.put("state.1.exp_avg", Tensor.of(0f));
        assertThatThrownBy(() -> adam.loadStateDict(unexpected)).hasMessageContaining("state.1.exp_avg");
        Map<String, Tensor> steps = new HashMap<>(adam.stateDict());
        steps.put("state.0.step", Tensor.of(1, 2));
        assertThatThrownBy(() -> adam.loadStateDict(steps)).hasMessageContaining("one number");
        assertThat(adam.stateDict().get("state.0.step").item()).isEqualTo(1);
        assertThat(adam.stateDict().get("state.0.exp_avg").toDoubleArray()).containsExactly(new double[] {0.1, 0.1},
                EXACT);
    }

    @Test
    void loadingNothingAndResetForgetState() {
        Param param = param(1);
        Sgd sgd = new Sgd(List.of(param), 1).momentum(0.5);
        give(param, 1);
        sgd.step();
        sgd.loadStateDict(Map.of());
        give(param, 0);
        sgd.step();
        assertThat(param.item()).as("no velocity left").isEqualTo(0);
        give(param, 1);
        sgd.step();
        sgd.reset();
        assertThat(sgd.stateDict()).isEmpty();
        give(param, 0);
        sgd.step();
        assertThat(param.item()).isEqualTo(-1);
    }

    @Test
    void stateFollowsAParameterToAnotherDevice() {
        Device other = Device.of(new ReferenceBackend());
        Param param = param(1);
        Sgd sgd = new Sgd(List.of(param), 1).momentum(0.5);
        give(param, 1);
        sgd.step();
        param.moveTo(other);
        try (var _ = other.use()) {
            give(param, 0);
            sgd.step();
        }
        assertThat(param.item()).isEqualTo(-0.5);
    }

    @Test
    void stepsAllocateOnlyOnce() {
        Device device = Device.of(new ReferenceBackend());
        try (var _ = device.use()) {
            Param param = param(1, 2, 3);
            AdamW adam = new AdamW(List.of(param), 0.1);
            give(param, 1, 1, 1);
            adam.step();
            long active = MemoryPool.of(device).stats().active();
            try (var _ = MemoryScope.open()) {
                for (int i = 0; i < 5; i++) {
                    give(param, 1, 1, 1);
                    adam.step();
                }
            }
            assertThat(MemoryPool.of(device).stats().active()).isEqualTo(active);
            assertThat(param.isAlive()).isTrue();
        }
    }

    @Test
    void argumentsOutOfRange() {
        Param param = param(1);
        List<Param> params = List.of(param);
        assertThatThrownBy(() -> new Sgd(List.of(), 1)).hasMessageContaining("no parameters");
        assertThatThrownBy(() -> new Sgd(List.of(param, param), 1)).hasMessageContaining("twice");
        for (double lr : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new Adam(params, lr)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("lr");
        }
        assertThatThrownBy(() -> new Sgd(params, 1).momentum(1)).hasMessageContaining("momentum");
        assertThatThrownBy(() -> new Sgd(params, 1).weightDecay(-1)).hasMessageContaining("weight decay");
        assertThatThrownBy(() -> new Adam(params, 1).betas(1, 0.9)).hasMessageContaining("beta1");
        assertThatThrownBy(() -> new Adam(params, 1).betas(0.9, -0.1)).hasMessageContaining("beta2");
        assertThatThrownBy(() -> new AdamW(params, 1).epsilon(-1)).hasMessageContaining("epsilon");
        give(param, 1);
        assertThatThrownBy(() -> new Sgd(params, 1).nesterov(true).step()).hasMessageContaining("momentum(0.9)");
    }
}
