"""Words of pet names."""

from typing import Final

# Written as text: as literals, one to a line, they would bury what little there is to read here.
_ADVERBS: Final = """
actually boldly brightly calmly clearly curiously deeply eagerly early easily evenly fairly firmly fondly freely gently gladly grandly
happily jointly justly keenly kindly lately lightly likely loudly mildly mostly neatly nicely openly partly plainly promptly properly
quickly quietly rarely rapidly readily safely sharply simply slowly smoothly softly solely strongly surely swiftly truly usually
visibly warmly widely wisely
"""
_ADJECTIVES: Final = """
able active alert amber ample apt bold brave bright brisk calm casual central choice civil clean clear clever cosmic crisp dear deep
direct eager easy electric elegant equal fair famous fast fine firm fit fleet flexible fluent fresh frank gentle glad golden grand
great handy happy hardy honest ideal keen kind large lasting light loyal lucky mature merry mighty modern modest neat noble normal
novel open optimal patient peaceful polished polite prime proper proud pure quick quiet rapid rare ready refined regular robust sharp
simple skilled smart smooth solid sound stable steady still strong subtle sunny sweet tender tidy trusty useful valid vast verified
vital vocal warm welcome whole willing wise witty worthy
"""
_NAMES: Final = """
albacore alpaca anchovy antelope badger bass bat bear beagle bee beetle bird bison bobcat buffalo bullfrog camel caribou cat catfish
cheetah chipmunk clam cod collie condor coral corgi crab crane cricket crow deer dolphin dove dragonfly duck eagle eel elephant elk emu
falcon ferret finch firefly flamingo flounder fox frog gannet gazelle gecko gibbon glider goldfish goose gopher grouse gull hamster
hare hawk hedgehog heron herring hippo horse hound husky ibex iguana impala jackal jaguar jay kangaroo kite kitten kiwi koala koi krill
ladybird lark lemming lemur leopard lion lizard llama lobster loon lynx macaw mackerel magpie mallard manatee mantis marlin marmot
marten meerkat mink minnow mole mongoose moose moth mouse mule mullet mustang narwhal newt octopus opossum orca oriole osprey ostrich
otter owl oyster panda panther parakeet parrot peacock pelican penguin perch pheasant pigeon pika platypus polecat pony poodle porpoise
puffin puma quail rabbit raccoon raven ray reindeer rhino robin rooster salmon sardine seahorse seal serval shark sheep shrew shrimp
skylark sloth snail snipe sparrow squid squirrel stag starfish starling stork sturgeon swallow swan swift tahr tapir tern terrier
thrush tiger toad tortoise toucan trout tuna turtle urchin viper vole wallaby walrus weasel whale wildcat wolf wombat wren yak zebra
"""
ADVERBS: Final = tuple(_ADVERBS.split())
ADJECTIVES: Final = tuple(_ADJECTIVES.split())
NAMES: Final = tuple(_NAMES.split())
