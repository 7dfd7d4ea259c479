"""The templates that training sentences are made of, one block an intent. held_out.py has others, for measuring.

{a|b} is one of several, {a|} may be missing, <slot> is one of SLOTS. Openings and closings are put around by sentences.py.
"""

SLOTS = {
    "item": """shoes|jacket|headphones|lamp|phone case|blender|backpack|keyboard|dress|mug|chair|charger|book|watch|tent|bike light|
        coat|speaker|toaster|sunglasses|rug|camera|printer|sweater|order|package|item|product|thing i bought|boots|t-shirt|desk""",
    "number": "12345|889|40012|7731|A-2291|55-180|#90817|100234|6620|no. 4471",
    "when": """today|yesterday|last week|two weeks ago|on monday|on friday|this morning|last month|a few days ago|10 days ago|in march|
        three days ago|on the 5th""",
    "device": "iphone|android phone|laptop|tablet|ipad|mac|pc|firefox|chrome|safari|windows|my phone",
    "money": "20 dollars|$49|15 euros|€30|99.90|£12|a hundred dollars|$7.99|60 euro",
    "mail": "email|e-mail|mail|text message|sms|code",
    "place": "my address|berlin|canada|spain|my office|the neighbour|norway|a pickup point|chicago|my old address",
}

TRAINING = {
    "refund": """
        {i want|i would like|i'd like|i need|can i get|may i have} {a refund|my money back|a full refund} {for {my|the|this} <item>|please|}
        {how|where} {do|can} i {return|send back|give back} {my|the|this} <item>
        the <item> {is|arrived|came} {broken|damaged|too small|too big|the wrong colour|defective|faulty}, {i want|please give me} {my money back|a refund}
        {please|kindly} {refund|reimburse} {me|my order|order <number>|my <item>|the <money>}
        when {will|do} i {get|receive|see} {my|the} {refund|money back|reimbursement}
        {i returned|i sent back} the <item> <when> {but|and} {no refund|still no money|have not got my money back} {yet|}
        {what is|tell me about|explain} your {refund|return|money back} policy
        {return|refund} {request|label} for {order|} <number>
        {can|could} {i|we} {exchange|swap|return} the <item> {for a different size|for another one|}
        {i don't like|i am not happy with|i do not want} the <item> {and|so} {want to return it|want to send it back|i want a refund}
        {is it possible|am i able} to {return|refund|send back} {a|the} <item> {after 30 days|without the box|i bought <when>|}
        {my|the} refund {has not arrived|is missing|is late|was only <money>|is still pending}
        {you sent me|i received|i got} the wrong <item>, {i want to return it|i want my money back|refund please}
        {how long|how many days} {does|do} {a refund|refunds|returns} take
        i {changed my mind|no longer need it|regret buying it}, {can i return the <item>|how do i send it back|refund please}
        {do i have to pay|who pays} for {the|} return {shipping|postage}
        {give|pay} me {back|} my <money> {back|}
        {start|open} a return {for|of} {my|the} <item>
    """,
    "delivery": """
        where is my <item>
        {where|when} {will|does} {my|the} <item> {arrive|be delivered|come|get here|ship}
        {my|the} <item> {has not arrived|hasn't arrived|didn't come|is late|is delayed|never came|was not delivered} {yet|}
        {track|tracking} {my|} {order|package|parcel|shipment} {<number>|please|}
        {the|my} tracking {number|link|page} {<number>|} {does not work|shows nothing|has not changed since <when>|says delivered}
        {i ordered|i bought} {a|the} <item> <when> {and|but} {it still isn't here|it is still not here|nothing arrived|have not received it}
        {what is|can you tell me} the {status|delivery date|shipping status} of {my order|order <number>|my <item>}
        {how long|how many days} does {shipping|delivery} {take|to <place> take}
        {has|was} {my|the} {order|<item>|parcel} {been|} {shipped|sent|dispatched} {yet|already|}
        it says {delivered|it was delivered|left at the door} but {i did not get it|there is nothing here|i have no package}
        the {courier|driver|postman|delivery man} {left it with|went to|did not come to|could not find} <place>
        {can|could} you {deliver|send|ship} {it|my <item>|the order} to <place> {instead|}
        {please|can you|i need to} change the {delivery|shipping} {address|date|time} {of order <number>|for my <item>|}
        {do you|can you} {ship|deliver} to <place>
        {how much|what} {does|is} {shipping|delivery|postage} {cost|to <place>}
        {only half of|only one part of|not everything in} my {order|package} {arrived|was delivered|came}
        {when|at what time} {is|will} the {delivery|driver|parcel} {coming|be here|expected}
        {i am|i'm|been} {still|} waiting for my <item> {since <when>|for two weeks|}
        {is there|do you have} {express|next day|faster|free} {shipping|delivery}
        {my|the} parcel {is lost|got lost|is stuck in customs|went missing|was stolen}
    """,
    "login": """
        {i|we} {can't|cannot|can not|am unable to|could not} {log in|login|sign in|get into my account|access my account} {anymore|on <device>|}
        {i forgot|i lost|forgot} my {password|login|username|user name|pin}
        {reset|change|recover} {my|the} password {please|}
        how {do|can} i {reset|change|recover} my {password|pin|login}
        {the|your} password reset {link|<mail>} {does not work|never arrives|is expired|did not come}
        {my|the} account {is|was|got} {locked|blocked|disabled|suspended|hacked}
        {it says|i get|the site says} {wrong password|invalid credentials|incorrect username|account locked} {when i sign in|every time|}
        {i don't|i do not|i never} {get|receive} the {verification|confirmation|security|login|two factor} <mail>
        the {two factor|2fa|verification|authenticator} code {is not accepted|is wrong|does not work|is always invalid}
        {i have|i've got} a new {phone|number|email} and {can't log in|cannot sign in|lost my authenticator}
        {unlock|reactivate|restore} my account {please|}
        {somebody|someone} {hacked|stole|logged into|is using} my account
        {how|where} do i {sign in|log in|login|sign up|register|create an account}
        {your site|it} {keeps|is} {logging|signing} me out
        {i want to|how do i|can i} change {my email|the email of my account|my username|my phone number}
        {login|sign in|logging in} {fails|doesn't work|does not work|is impossible} {on <device>|since <when>|}
        {why|how come} {is my account locked|can't i log in|is my password wrong}
        {sign in|log in} with {google|apple|facebook} {fails|is not possible|does not work}
    """,
    "cancel": """
        {i want|i would like|i'd like|i need|please help me|how} to cancel {my|the} {subscription|membership|plan|order|contract|account|<item>}
        {please|} cancel {my|the} {subscription|membership|order|order <number>|plan|contract|<item>} {immediately|now|asap|}
        {how|where} {do|can} i {cancel|stop|end|terminate} {my|the} {subscription|membership|plan|order|contract|trial}
        {can|could} {i|you} {still|} cancel {order|my order} <number>
        {stop|end} my {subscription|membership|trial|plan} {before it renews|at the end of the month|now|}
        i {ordered|bought} the <item> by {mistake|accident}, {please cancel|can you cancel it|cancel it}
        {delete|close|remove} my account {and all my data|please|for good|}
        {i don't|i do not} want {to renew|the subscription anymore|my membership any more|the <item> any longer, cancel it}
        {turn off|disable|stop} {the|} {automatic|auto} renewal
        {unsubscribe|opt out|take me off} {me from|of|} {the newsletter|your mailing list|your emails|everything}
        {i tried to|i cannot|there is no button to} cancel {my plan|the subscription|my order} {on the website|in the app|}
        {is it too late|when is the last day|how much notice do i need} to cancel {my plan|my order|the contract|}
        {has|was} my {cancellation|order} {been|} {confirmed|cancelled|accepted}
        {withdraw|revoke|call off} {my|the} {order|purchase|contract} {<number>|}
        {do not|don't} {send|ship} {my order|the <item>|it} {anymore|}, {i cancelled|please cancel it}
        {what happens|do i pay anything} if i cancel {my plan|now|early|}
        {pause|freeze|put on hold} my {subscription|membership|plan}
    """,
    "bug": """
        {the|your} {app|site|website|page|program} {crashes|freezes|hangs|closes|stops} {when i open it|on <device>|all the time|at start|when i press save|}
        {the|your} {app|site|website|page} {does not|doesn't|won't} {load|open|work|start|respond} {on <device>|since the update|anymore|}
        {i get|there is|it shows} {an error|error <number>|a white screen|a blank page|a strange message} {when i click|when i upload a photo|when i search|on <device>|}
        the {button|menu|search|filter|video|upload|map|picture|cart} {does nothing|is broken|does not work|is not working|is missing} {on <device>|}
        {since|after} the {last|latest|new} update {nothing works|the app crashes|it is very slow|the app won't open}
        {i found|found|reporting|i want to report} a {bug|problem|glitch|mistake} {in the app|on your site|in the search|}
        {it is|everything is|the page is} {very slow|so laggy|loading forever|stuck}
        {the|my} {screen|display|page} {is|stays|goes} {black|white|empty|blank} {on <device>|}
        {notifications|pictures|sounds|photos|links|settings} {do not|don't} {work|show|load|save} {anymore|on <device>|}
        the app {uses|drains|eats} {all my battery|too much memory|too much data}
        {my changes|my data|my settings|my drafts} {are not saved|disappeared|are gone|got lost} {after the update|}
        {it|the app} {keeps|is} {crashing|freezing|restarting|loading}
        {something|a feature} is {broken|wrong|not right} {on the site|with the app|in the new version}
        {the|your} {export|download|import|sync} {fails|is broken|stops at 99 percent|never finishes}
        {text|letters|buttons} {overlap|are cut off|are in the wrong place} on <device>
        {steps to reproduce|to reproduce}: {open the app|click the menu}, then {it crashes|nothing happens|an error appears}
        {error|exception} <number> {on <device>|at startup|when saving}
        {why|how come} does the {app|site|page} {crash|freeze|not load} {so often|on <device>|}
    """,
    "praise": """
        {thank you|thanks|many thanks|thanks a lot} {so much|} {for your help|for the great service|for the quick answer|you are the best|it works now}
        {i love|we love|i really like|i adore} {the|your|this|my new} {app|<item>|shop|service|site|team}
        {great|excellent|amazing|wonderful|fantastic|perfect|superb|brilliant} {service|product|job|work|support|app|<item>|experience}
        {the|your} {support|service|team|app|<item>} {is|was} {great|excellent|awesome|perfect|lovely|so helpful|very friendly|fast}
        {best|nicest|coolest} {<item>|app|shop|service|support} {ever|i have ever used|i know}
        {just|i just|only} wanted to say {thank you|thanks|how happy i am|that i love it|well done}
        {keep up the|} {good|great} {work|job}
        {five|5} stars {from me|, would buy again|}
        {i am|i'm|we are} {very|so|really|extremely} {happy|satisfied|pleased|impressed} {with the <item>|with your service|}
        {highly|i would|i will} recommend {it|you|this shop} {to my friends|to everyone|}
        {the <item>|everything} {arrived|came} {early|on time|perfectly packed|so fast} {, thank you|, great|, i am happy}
        {your agent|the lady on the phone|the man in the chat} was {so kind|very helpful|really nice|super friendly}
        {well done|good job|nice work|bravo|kudos} {everyone|guys|to the team|}
        {you made|this made} my day
        {what a|such a} {great|lovely|beautiful|nice} {<item>|app|service|team}
        {problem solved|all good now|it works now|it is fixed}, {thanks|thank you|great}
        {looks|works|fits|sounds} {great|perfectly|amazing|like a charm} {, thanks|, i love it|}
        {nothing to complain about|could not be better|exceeded my expectations}
    """,
    "billing": """
        {i was|i got|you have|i have been} charged {twice|two times|too much|double|<money>|for nothing} {for my order|<when>|for <number>|}
        {why|for what} {was|did} {i|you} {charged|charge me|billed|bill me} <money> {<when>|}
        {there is|i see} a {charge|payment|transaction} {of <money>|} {that i do not know|i do not recognize|on my card|on my bank statement}
        {i need|please send me|can i get|where is} {an|the|my} {invoice|receipt|bill} {for order <number>|for my <item>|<when>|}
        {my|the} {payment|card|credit card} {was declined|failed|is not accepted|did not go through|is refused}
        {how|where} can i {change|update|add|remove} my {credit card|payment method|card|bank account|billing address}
        {can|do} {i|you} {pay|accept} {with|by|} {paypal|bank transfer|invoice|visa|apple pay|installments|cash}
        {the|my} {invoice|bill|receipt} {is wrong|has the wrong name|shows the wrong amount|is missing|says <money>}
        {i paid|i have paid} {twice|<money>|already|<when>} {but|and} {it says unpaid|you sent a reminder|the order is not paid}
        {i do not|i don't} understand {my|the|this} {bill|invoice|charge of <money>}
        {does|is} the price {include|including|with} {vat|tax|taxes}
        {i got|you sent me} a {payment reminder|dunning letter|debt notice} {for order <number>|of <money>}
        {the|my} {discount|voucher|coupon|gift card|promo} {code|} {<number>|} {was not applied|does not work|is not accepted|is missing on the bill}
        {how much|what} {do i|will i} {pay|owe} {per month|each month|in total|now|you}
        {when|on which day} {is|will} {the money|my card|<money>} {be|} {charged|taken|debited}
        {unknown|strange|double|wrong} {charge|payment|debit} {of <money>|on my card|on my account}
        {please correct|change} the {name|address|vat number} on {my|the} {invoice|bill|receipt}
        {the price went up|why did my plan get more expensive|you raised the price} {to <money>|}
    """,
    "product": """
        {do you have|is there|have you got} the <item> {in blue|in black|in size 42|in another colour|in large|in stock}
        {is|are} the <item> {in stock|available|sold out|waterproof|made of leather|vegan|compatible with my <device>|washable}
        {when|how soon} {will|does} the <item> {be back in stock|be available again|come back}
        {what|which} {size|model|colour|version} {should i take|do you recommend|fits me|is best} {for the <item>|}
        {how|what} {big|heavy|tall|wide|long} is the <item>
        {does|will} the <item> {work with|fit|support|run on} {my <device>|a <device>|usb c|my car}
        {what is|what are} the {size|dimensions|weight|material|warranty|battery life} of the <item>
        {what is the difference|which is better} between the <item> and the <item>
        {can|could} you {tell me more|give me details|send me the manual} {about|of|for} the <item>
        {how|where} do i {use|clean|wash|install|set up|charge|assemble} the <item>
        {does|is} the <item> {come with|include|sold with} {batteries|a cable|a case|a warranty|a manual}
        {how long|how many hours} does the {battery|<item>} last
        {is|are} {there|} {any|} {spare parts|accessories|refills} {available|} for the <item>
        {i am looking for|i'm searching|do you sell} {a|} {gift|<item>|<item> for children|<item> for hiking}
        {where|how} is the <item> {made|produced|manufactured}
        {is this|are these} {good|suitable|safe} for {kids|beginners|sensitive skin|winter|travel|running}
        {how much|what} {does|is} the {price of the|} <item> {cost|}
        {do you|does the shop} {sell|offer|carry|stock} <item> {in your store|for women|for men|}
    """,
    "human": """
        {i want|i'd like|i would like|i need|let me|can i} {to|} {speak|talk} {to|with} {a human|a person|an agent|somebody|someone real|your manager|a real person}
        {connect|transfer|put} me {to|through to} {an agent|a human|customer service|support|a representative|your supervisor}
        {please|can you|could someone|someone should} call me {back|} {today|on my phone|as soon as possible|}
        {what is|give me|where is} your {phone number|telephone number|hotline|contact number}
        {are you|is this} a {bot|robot|machine|real person|human}
        {i don't|i do not} want {to talk to|} {a bot|a robot|a machine|this chatbot}
        {agent|human|operator|representative|real person|live chat} {please|now|}
        {how|where} can i {reach|contact|call} {you|support|customer service|someone}
        {what are|tell me} your {opening hours|office hours|business hours|phone hours}
        {can|could} {someone|somebody|a colleague} {from support|from your team|} {help|contact|ring|answer} me {personally|}
        {this bot|the bot|your chatbot} {is useless|does not understand me|cannot help}, {give me a human|i want a person}
        {is|are} {anybody|anyone|someone|people} {there|online|available} {to talk to|}
        {i have|i've} {written|called|asked} {three times|many times|already} and {nobody answers|no one replies|no answer}
        {forward|escalate|hand} {this|my case|my ticket} to {a manager|a supervisor|your boss|a human}
        {i want to|i need to} {file|make} a complaint {with|to} {your manager|a real person|the management}
        {do you have|is there} {a live chat|a phone line|a number i can call|human support}
        {who|which person} can i {talk|speak} to {about this|}
    """,
    "other": """
        {what is|how is|tell me} the weather {like|} {today|in <place>|tomorrow}
        {tell me|do you know} a {joke|story|riddle|poem}
        {who|what} {won the game|is the president|is the capital of france|made you|are you}
        {how|what} {are you|is up|is going on} {today|}
        {good morning|hello|hi|hey there|good evening|hallo}
        {bye|goodbye|see you|ok|okay|yes|no|maybe|never mind|forget it}
        {are you|do you have} {hiring|jobs|an open position|internships} {in <place>|}
        {i want to|can i} {apply for a job|send my cv|work for you|sell on your platform|become a partner}
        {what time|which day} is it {in <place>|now|}
        {play|sing|write} {some music|a song|me a poem|an essay}
        {translate|spell|say} {this|hello|the word house} {in|to} {french|german|spanish}
        {how do i|what is the best way to} {cook rice|bake bread|learn english|lose weight|train my dog}
        {what is|calculate|how much is} {two plus two|12 times 8|the square root of 9}
        {my|our} {cat|dog|son|grandmother|neighbour} {is|was} {cute|ill|ten years old|at home|funny}
        {i am|i'm|we are} {bored|hungry|tired|lonely|on holiday|at school}
        {book|find} me {a flight to <place>|a hotel|a table for two|a taxi}
        {do you|would you} {like|love|prefer} {music|football|pizza|cats|me}
        {what do you think about|who is your favourite} {politics|actor|football team|the election|singer}
        {asdf|qwerty|lorem ipsum dolor|test test|blah blah|xyz 123}
        {we offer|buy|get} {seo services|cheap loans|followers|marketing for your company} {now|}
    """,
}
